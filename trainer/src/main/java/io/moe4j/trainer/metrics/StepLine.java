package io.moe4j.trainer.metrics;

import io.moe4j.api.Stability;
import io.moe4j.trainer.run.StepResult;
import java.util.Locale;

/**
 * The line of a step, in the form that users of other training frameworks know.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class StepLine {

    private StepLine() {}

    /**
     * {@code step: 10  loss: 11.20896  grad_norm: 2.5372  memory: 74.71GiB(27.01%)  tps: 15,660  tflops: 283.54  mfu: 11.34%}. A rate below 1 TFLOP/s is
     * shown in {@code gflops}. A step in which no label counts has no loss: {@code loss: none}. If an exchange needed several rounds, the line ends with
     * the largest number: {@code rounds: 3}.
     */
    public static String of(StepResult step) {
        return of(step, Integer.MAX_VALUE);
    }

    /**
     * The same line in at most {@code columns} characters, if possible. If it is too long, figures are left out in this order: memory, which is the same in
     * each step; FLOPs; MFU; the gradient norm; tokens per second.
     *
     * @since 0.3.0
     */
    public static String of(StepResult step, int columns) {
        return of(step, columns, step.step());
    }

    /**
     * The same line, aligned with those of other steps: the step's number is padded to the width of the last step's number.
     *
     * @param steps of the whole run
     * @since 0.3.0
     */
    public static String of(StepResult step, int columns, long steps) {
        Figures figures = new Figures();
        figures.add("step: %s", Figures.number(step.step(), steps));
        figures.add("loss: %s", step.labels() == 0 ? "    none" : format("%8.5f", step.loss()));
        figures.addUpTo(2, "grad_norm: %7.4f", step.gradientNorm());
        figures.addUpTo(5, "memory: %5.2fGiB(%.2f%%)", step.memoryBytes() / (double) (1L << 30),
                100 * step.memoryFraction());
        figures.addUpTo(1, "tps: %,6d", Math.round(step.tokensPerSecond()));
        figures.addUpTo(4, step.flops() >= 1e12 ? "tflops: %,6.2f" : "gflops: %,6.2f",
                step.flops() / (step.flops() >= 1e12 ? 1e12 : 1e9));
        figures.addUpTo(3, "mfu: %5.2f%%", 100 * step.utilisation());
        if (step.droppedRows() > 0) {
            figures.add("dropped: %,d", step.droppedRows());
        }
        if (step.rounds().most() > 1) {
            figures.add("rounds: %,d", step.rounds().most());
        }
        return figures.line(columns);
    }

    /**
     * The loss alone, in four digits: {@code loss 3.853}, {@code loss none}.
     *
     * @since 0.3.0
     */
    public static String loss(StepResult step) {
        return step.labels() == 0 ? "loss none" : format("loss %.3f", step.loss());
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
