package io.moe4j.planted.unlabelled;

import io.moe4j.api.Stability;

/** Says what it promises. */
@Stability(Stability.Level.INTERNAL)
public final class Innocent {

    /** Shares its label. */
    public static final class Part {}
}
