package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.Float8;
import io.moe4j.api.tensor.Tensor;

/** Copies and fills memory, on several cores where that is faster. */
final class Transfers {
    private static final long WORTH_BYTES = 1 << 18;

    private Transfers() {}

    static void copy(WorkPool pool, long source, long destination, long bytes) {
        pool.parallelFor(bytes, WORTH_BYTES,
                (from, to) -> Addresses.copy(source + from, destination + from, to - from));
    }

    static void fill(WorkPool pool, Tensor tensor, double value) {
        int size = tensor.dtype().bytes();
        pool.parallelFor(tensor.elements(), WORTH_BYTES / size, (from, to) -> {
            long address = tensor.address() + from * size;
            switch (tensor.dtype()) {
                case F32 -> Fills.words(address, Float.floatToRawIntBits((float) value), to - from);
                case BF16 -> Fills.halves(address, BFloat16.round((float) value), to - from);
                case I32 -> Fills.words(address, (int) value, to - from);
                case F8_E4M3 -> Fills.bytes(address, Float8.round((float) value), to - from);
                case I64 -> Fills.doubleWords(address, (long) value, to - from);
            }
        });
    }
}
