package io.moe4j.planted.knowing.left;

import io.moe4j.planted.knowing.base.Base;

/** A plug-in that knows what it may. */
final class Innocent {

    Base base() {
        return new Base();
    }
}
