package io.moe4j.comm.standard;

import io.moe4j.api.comm.support.KeptPlace;
import io.moe4j.api.comm.support.KeptRows;

/** Releases the place of kept rows, once; afterwards reading them is refused. */
final class KeptRelease {
    private final KeptRows<KeptPlace> keeping;
    private final KeptPlace place;
    private boolean done;

    KeptRelease(KeptRows<KeptPlace> keeping, KeptPlace place) {
        this.keeping = keeping;
        this.place = place;
    }

    void run() {
        if (!done) {
            done = true;
            keeping.release(place);
        }
    }

    void check() {
        if (done) {
            throw new IllegalStateException(
                    "kept rows were used after they had been released, and another dispatch may have"
                            + " taken their memory; release rows after their last use");
        }
    }
}
