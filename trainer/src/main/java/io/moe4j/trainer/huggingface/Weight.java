package io.moe4j.trainer.huggingface;

import io.moe4j.api.InputException;
import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.safetensors.StoredType;
import io.moe4j.safetensors.TensorEntry;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A tensor of a folder, read in parts.
 *
 * @param file the file that has it
 * @param entry its name, type and shape
 * @param data the bytes of its elements
 * @param scales the scales of a matrix in FP8
 */
record Weight(SafetensorsFile file, TensorEntry entry, MemorySegment data, Optional<Scales> scales) {
    private static final int INFINITE = 0x7f80_0000;

    /**
     * The scales of a matrix, one for each block.
     *
     * @param blocks the extents of the blocks
     * @param columns columns of the matrix
     * @param weight the scales
     */
    record Scales(BlockScales blocks, long columns, Weight weight) {

        /**
         * Multiplies elements {@code from} and following of the matrix by their scales. For example, a row of 512 elements and blocks of 128 columns has 4
         * runs of 128 elements, each with one scale.
         */
        void apply(long from, float[] values, int to, int count) {
            long blocksInRow = Math.ceilDiv(columns, blocks.columns());
            float[] scale = new float[1];
            int done = 0;
            while (done < count) {
                long row = (from + done) / columns;
                long column = (from + done) % columns;
                long block = column / blocks.columns();
                int end = (int) Math.min(count,
                        done + Math.min(columns, (block + 1) * blocks.columns()) - column);
                weight.decode(row / blocks.rows() * blocksInRow + block, scale, 0, 1);
                for (int i = done; i < end; i++) {
                    values[to + i] *= scale[0];
                }
                done = end;
            }
        }
    }

    static Weight of(SafetensorsFile file, TensorEntry entry) {
        return new Weight(file, entry, file.data(entry.name()), Optional.empty());
    }

    Weight with(Scales value) {
        return new Weight(file, entry, data, Optional.of(value));
    }

    StoredType type() {
        return entry.type();
    }

    /**
     * Reads consecutive elements, converted to single precision.
     *
     * @throws InputException if an element is not finite
     */
    void read(long from, float[] values, int to, int count) {
        decode(from, values, to, count);
        scales.ifPresent(found -> found.apply(from, values, to, count));
        int largest = 0;
        for (int i = to; i < to + count; i++) {
            largest = Math.max(largest, Float.floatToRawIntBits(values[i]) & Integer.MAX_VALUE);
        }
        if (largest >= INFINITE) {
            int at = to;
            while (Float.isFinite(values[at])) {
                at++;
            }
            throw new InputException(file.path() + ": element " + (from + at - to) + " of " + entry + " is "
                    + values[at] + "; a model cannot be trained from that: take another folder");
        }
    }

    private void decode(long from, float[] values, int to, int count) {
        WeightDecoder.decode(type(), data, from, values, to, count);
    }
}
