package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.LossOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Commands;

final class CpuLossOps implements LossOps {
    private final Commands commands;
    private final TileScratch scratch;

    CpuLossOps(Commands commands, TileScratch scratch) {
        this.commands = commands;
        this.scratch = scratch;
    }

    @Override
    public void crossEntropy(Stream stream, Tensor logits_TV, Tensor labels_T, float scale, Tensor rowLoss_T,
            Tensor loss) {
        Rows logits = Rows.of(logits_TV);
        OperandChecks.dense("labels", labels_T, DType.I32);
        OperandChecks.elements("labels", labels_T, logits.count());
        OperandChecks.dense("rowLoss", rowLoss_T, DType.F32);
        OperandChecks.elements("rowLoss", rowLoss_T, logits.count());
        OperandChecks.dense("loss", loss, DType.F32);
        OperandChecks.elements("loss", loss, 1);
        long labels = labels_T.address();
        long rowLoss = rowLoss_T.address();
        long total = loss.address();
        commands.submit(stream, "crossEntropy", () -> {
            OperandChecks.labels(labels, logits.count(), logits.columns());
            Blocks.overRows(commands, logits.count(), 8 * logits.columns(), (from, to) -> {
                float[] lanes = new float[Lanes.COUNT];
                try (TileScratch.Lease lease = scratch.take(logits.columns())) {
                    long wide = lease.floats(logits.columns());
                    for (long t = from; t < to; t++) {
                        int label = Lanes.getInt(labels, t);
                        if (label == IGNORED_LABEL) {
                            Flat.fill(0, logits.place(t, wide), logits.columns());
                            Lanes.set(rowLoss, t, 0);
                        } else {
                            Lanes.set(rowLoss, t, row(logits.read(t, wide), logits.columns(), label, scale, lanes));
                        }
                        logits.write(t, wide);
                    }
                }
            });
            double sum = 0;
            for (long t = 0; t < logits.count(); t++) {
                sum += (double) scale * Lanes.get(rowLoss, t);
            }
            Lanes.set(total, 0, (float) (Lanes.get(total, 0) + sum));
        }, logits_TV, labels_T, rowLoss_T, loss);
    }

    /** Returns the loss of a row, and replaces the row by its gradient. */
    private static float row(long row, long n, int label, float scale, float[] lanes) {
        float atLabel = Lanes.get(row, label);
        float max = SoftmaxRows.max(row, n);
        float sum = SoftmaxRows.exponentials(row, row, n, 1, max, lanes);
        Flat.scale(row, scale / sum, n);
        Lanes.set(row, label, Lanes.get(row, label) - scale);
        return (float) (Math.log(sum) + ((double) max - atLabel));
    }
}
