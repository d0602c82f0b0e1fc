package io.moe4j.launch;

import io.moe4j.api.Stability;
import io.moe4j.api.group.RankFailure;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process that fails before it has met the others, because of its configuration or its devices, tells them why. Otherwise they would wait for it until
 * their time limit has passed, and know only that it did not come.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class FailedStart {
    private static final Logger log = LoggerFactory.getLogger(FailedStart.class);
    /** The process of rank 0 may start a little later, or may have failed as well. */
    private static final Duration LIMIT = Duration.ofSeconds(5);

    private FailedStart() {}

    /**
     * Joins the world, reports the failure, and leaves, within a few seconds, whether the others come or not. The process of rank 0 listens for that time, so
     * that processes which start later learn of it too.
     *
     * @param environment the address of the others
     * @param secret the secret of the job
     * @param reason why this process does not take part
     */
    public static void tell(RankEnvironment environment, JobSecret secret, String reason) {
        try (TcpRendezvous rendezvous = TcpRendezvous.open(environment, secret, LIMIT)) {
            rendezvous.fail(new RankFailure(environment.localRanks().getFirst(), "its start", reason));
        } catch (RuntimeException e) {
            log.debug("the other processes could not be told of the failure", e);
        }
    }
}
