package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.CpuLaunch.RangeBody;
import io.moe4j.runtime.cpu.engine.Commands;

/** Divides work into blocks that depend on its shape only, so that results do not depend on the number of threads. */
final class Blocks {
    /** Elements in a block of element-wise work: few enough for the first-level cache, and enough to be worth a call. */
    static final long ELEMENTS = 4096;
    /** A core takes at least this many elements: less work is not worth handing over. */
    private static final long WORTH = 16384;

    private Blocks() {}

    /** Runs {@code body} over rows of {@code columns} elements each. */
    static void overRows(Commands commands, long rows, long columns, RangeBody body) {
        if (rows > 0) {
            commands.pool().parallelFor(rows, Math.max(1, WORTH / Math.max(1, columns)), body);
        }
    }

    /** The block of a flat range: block {@code b} covers {@code from} (inclusive) to {@code to} (exclusive). */
    @FunctionalInterface
    interface Block {
        void run(long block, long from, long to);
    }

    /** Runs {@code body} over blocks of {@link #ELEMENTS} of a flat range. */
    static void overElements(Commands commands, long elements, Block body) {
        overRows(commands, Math.ceilDiv(elements, ELEMENTS), ELEMENTS, (first, end) -> {
            for (long b = first; b < end; b++) {
                body.run(b, b * ELEMENTS, Math.min(elements, (b + 1) * ELEMENTS));
            }
        });
    }
}
