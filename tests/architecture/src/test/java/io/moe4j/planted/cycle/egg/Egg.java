package io.moe4j.planted.cycle.egg;

import io.moe4j.planted.cycle.hen.Hen;

/** Comes from a hen. */
public final class Egg {

    /** The hen that it came from. */
    public Hen layer() {
        return new Hen();
    }
}
