package io.moe4j.trainer.model;

import io.moe4j.autograd.model.LoraSpec;
import io.moe4j.trainer.checkpoint.NamedRange;
import io.moe4j.trainer.checkpoint.WeightTransfer;
import java.util.List;
import java.util.Map;

/**
 * Weights with their low-rank updates added: w + s · b · a, computed in single precision when elements are read, with r multiplications for each element.
 *
 * @param base the weights w without updates
 * @param updates the matrices a and b, by PEFT's names
 * @param shapes the shapes of a and b, by name
 * @param spec rank, alpha and targets
 */
record MergedWeights(WeightTransfer.Source base, WeightTransfer.Source updates, Map<String, List<Long>> shapes,
        LoraSpec spec) implements WeightTransfer.Source {
    private static final String PREFIX = "base_model.model.";
    private static final String WEIGHT = ".weight";

    @Override
    public void read(NamedRange range, float[] into, int offset) {
        base.read(range, into, offset);
        if (!range.name().endsWith(WEIGHT)) {
            return;
        }
        String module = PREFIX + range.name().substring(0, range.name().length() - WEIGHT.length());
        List<Long> shape = shapes.get(module + ".lora_A.weight");
        if (shape != null) {
            add(module, shape, range, into, offset);
        }
    }

    /** Adds the updates to consecutive elements. For example, elements 5 to 12 of a matrix of 4 columns are a part of row 1, and row 2. */
    private void add(String module, List<Long> shapeOfA, NamedRange range, float[] into, int offset) {
        int rank = spec.rank();
        int columns = Math.toIntExact(shapeOfA.getLast());
        float[] a = values(module + ".lora_A.weight", shapeOfA, 0, (long) rank * columns);
        long firstRow = range.from() / columns;
        long lastRow = (range.from() + range.count() - 1) / columns;
        List<Long> shapeOfB = List.of(range.whole() / columns, (long) rank);
        float[] b = values(module + ".lora_B.weight", shapeOfB, firstRow * rank, (lastRow - firstRow + 1) * rank);
        float[] update = new float[columns];
        for (long done = 0; done < range.count();) {
            long row = (range.from() + done) / columns;
            int column = Math.toIntExact((range.from() + done) % columns);
            int count = Math.toIntExact(Math.min(columns - column, range.count() - done));
            product(a, b, Math.toIntExact((row - firstRow) * rank), column, count, update);
            int at = offset + Math.toIntExact(done);
            for (int i = 0; i < count; i++) {
                into[at + i] += spec.scale() * update[i];
            }
            done += count;
        }
    }

    /** Computes a part of a row of b · a. */
    private void product(float[] a, float[] b, int rowOfB, int column, int count, float[] update) {
        int columns = update.length;
        for (int k = 0; k < spec.rank(); k++) {
            float factor = b[rowOfB + k];
            int from = k * columns + column;
            for (int i = 0; i < count; i++) {
                update[i] = k == 0 ? factor * a[from + i] : update[i] + factor * a[from + i];
            }
        }
    }

    private float[] values(String name, List<Long> shape, long from, long count) {
        float[] values = new float[Math.toIntExact(count)];
        updates.read(new NamedRange(name, shape, from, count), values, 0);
        return values;
    }
}
