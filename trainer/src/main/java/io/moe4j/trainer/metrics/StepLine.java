package io.moe4j.trainer.metrics;

import io.moe4j.api.Stability;
import io.moe4j.trainer.run.StepResult;
import java.util.Locale;

/**
 * A step in the form that the field knows.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class StepLine {

    private StepLine() {}

    /**
     * {@code step: 10  loss: 11.20896  grad_norm: 2.5372  memory: 74.71GiB(27.01%)  tps: 15,660  tflops: 283.54  mfu: 11.34%}. A rate below 1 TFLOP/s is
     * told in {@code gflops}. A step in which no label counts has no loss: {@code loss: none}. If an exchange needed several rounds, the line ends with
     * the most that one needed: {@code rounds: 3}.
     */
    public static String of(StepResult step) {
        String dropped = step.droppedRows() == 0 ? ""
                : String.format(Locale.ROOT, "  dropped: %,d", step.droppedRows());
        String rounds = step.rounds().most() <= 1 ? ""
                : String.format(Locale.ROOT, "  rounds: %,d", step.rounds().most());
        String loss = step.labels() == 0 ? "    none" : String.format(Locale.ROOT, "%8.5f", step.loss());
        return String.format(Locale.ROOT,
                "step: %2d  loss: %s  grad_norm: %7.4f  memory: %5.2fGiB(%.2f%%)  tps: %,d  %s  mfu: %.2f%%",
                step.step(), loss, step.gradientNorm(), step.memoryBytes() / (double) (1L << 30),
                100 * step.memoryFraction(), Math.round(step.tokensPerSecond()), rate(step.flops()),
                100 * step.utilisation()) + dropped + rounds;
    }

    private static String rate(double flops) {
        return flops >= 1e12 ? String.format(Locale.ROOT, "tflops: %,.2f", flops / 1e12)
                : String.format(Locale.ROOT, "gflops: %,.2f", flops / 1e9);
    }
}
