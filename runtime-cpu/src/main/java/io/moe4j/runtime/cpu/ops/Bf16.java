package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.tensor.BFloat16;

/** Conversions of rows of bfloat16. */
final class Bf16 {
    private Bf16() {}

    /** {@code count} neighbours at {@code source} to singles at {@code destination}. */
    static void widen(long source, long destination, long count) {
        for (long i = 0; i < count; i++) {
            Lanes.set(destination, i, BFloat16.widen(Lanes.getShort(source, i)));
        }
    }

    /** {@code count} singles at {@code source}, rounded, to neighbours at {@code destination}. */
    static void round(long source, long destination, long count) {
        for (long i = 0; i < count; i++) {
            Lanes.setShort(destination, i, BFloat16.round(Lanes.get(source, i)));
        }
    }
}
