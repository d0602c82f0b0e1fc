package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a rank communicates, on the host, with the other ranks of its group. */
record Party(Group group, Rendezvous rendezvous) {
    private static final Logger log = LoggerFactory.getLogger(Party.class);

    /** Exchanges values: returns those of all ranks, in group order. */
    List<byte[]> exchange(String key, byte[] mine) {
        return rendezvous.exchange(group, key, mine);
    }

    /** Returns when all ranks have called this. */
    void meet(String key) {
        rendezvous.exchange(group, key, new byte[0]);
    }

    /** Returns when all ranks have called this, or when waiting for them is impossible. Does not throw. */
    void part(String key) {
        if (rendezvous.failure().isPresent()) {
            return;
        }
        try {
            meet(key);
        } catch (RuntimeException e) {
            log.warn("rank {} continues without the other ranks, at \"{}\": {}", group.rank(), key, e.getMessage());
        }
    }

    /** Runs {@code work}. If it fails for a reason of this rank, reports the failure to the other ranks, which are waiting for this rank. */
    <T> T telling(String what, Supplier<T> work) {
        try {
            return work.get();
        } catch (RankFailedException e) {
            throw e;
        } catch (RuntimeException | Error e) {
            String message = e.getMessage() == null ? e.toString() : e.getMessage();
            rendezvous.fail(new RankFailure(group.rank(), what, message));
            throw e;
        }
    }
}
