package io.moe4j.planted.cycle.straw;

import io.moe4j.planted.cycle.egg.Egg;

/** Holds an egg, and nobody knows it. */
final class Innocent {

    Egg egg() {
        return new Egg();
    }
}
