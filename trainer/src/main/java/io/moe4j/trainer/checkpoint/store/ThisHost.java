package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Stability;
import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * The name of this machine, for messages.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ThisHost {

    private ThisHost() {}

    /** Its name, or "an unnamed host". */
    public static String name() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "an unnamed host";
        }
    }
}
