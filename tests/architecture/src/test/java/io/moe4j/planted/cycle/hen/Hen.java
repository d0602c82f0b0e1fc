package io.moe4j.planted.cycle.hen;

import io.moe4j.planted.cycle.egg.Egg;

/** Comes from an egg. */
public final class Hen {

    /** The egg that it came from. */
    public Egg origin() {
        return new Egg();
    }
}
