package io.moe4j.planted.knowing.left;

import io.moe4j.planted.knowing.right.Right;

/** A plug-in that knows another. */
final class Left {

    Right right() {
        return new Right();
    }
}
