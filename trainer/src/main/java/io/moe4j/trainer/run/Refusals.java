package io.moe4j.trainer.run;

import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.step.StepOutcome;
import java.util.Locale;

/** Messages for a step that was refused: each has the values, the rule and the remedy. */
final class Refusals {

    private Refusals() {}

    static CapacityExceededException overflow(long step, StepOutcome.Overflowed overflow, TrainerConfig config,
            ModelSpec spec) {
        int topK = spec.moe().map(ModelSpec.MoeSpec::topK).orElse(1);
        double factor = (double) overflow.requiredRows() / (config.training().localTokens() * topK);
        return new CapacityExceededException(String.format(Locale.ROOT,
                "step %d: rank %d was to receive %d rows in one exchange and has room for %d (moe.receive_capacity %s)."
                        + " The step was refused before the optimizer: parameters, moments and expert biases are as"
                        + " before it. A moe.receive_capacity of at least %.2f was needed: raise it, or set it to"
                        + " worst_case; or let rows be exchanged in rounds with moe.on_overflow rounds, if the backend has them, or"
                        + " dropped with drop",
                step, overflow.rank(), overflow.requiredRows(), overflow.capacityRows(), capacity(config),
                Math.ceil(100 * factor) / 100), overflow.requiredRows(), overflow.capacityRows());
    }

    static CapacityExceededException dropped(long step, StepOutcome.Dropped dropped, ModelSpec spec) {
        return new CapacityExceededException(String.format(Locale.ROOT,
                "step %d: the communication backend (model.moe_comm_backend = \"%s\") reports %d dropped rows on rank %d,"
                        + " although moe.on_overflow does not allow it, and although the most rows that a rank was to receive,"
                        + " %d, fit into the %d that it has room for. The step was refused before the optimizer:"
                        + " parameters, moments and expert biases are as before it. A backend that drops rows must also"
                        + " report how many it was to receive: use another one, or one whose contract tests pass; or let"
                        + " rows be dropped with moe.on_overflow drop",
                step, spec.moe().map(ModelSpec.MoeSpec::commBackend).orElse(""), dropped.droppedRows(), dropped.rank(),
                dropped.requiredRows(), dropped.capacityRows()), dropped.requiredRows(), dropped.capacityRows());
    }

    static RanksDisagreeException disagreement(long step, String differences) {
        return new RanksDisagreeException("step " + step + ": ranks hold different copies of what should be equal: "
                + differences + ". Memory or arithmetic of a device has failed without an error, or ranks run different"
                + " programs. Nothing of this step was applied or saved. Continue from the newest checkpoint, on other"
                + " devices than those of the ranks that differ; runtime.agreement_interval says how often ranks are"
                + " compared");
    }

    private static String capacity(TrainerConfig config) {
        return switch (config.moe().receiveCapacity()) {
            case ReceiveCapacity.WorstCase() -> "worst_case";
            case ReceiveCapacity.Balanced() -> "balanced";
            case ReceiveCapacity.Factor(double factor) -> Double.toString(factor);
        };
    }

    static DataException withoutData(long step, StepOutcome.WithoutData missing) {
        return new DataException(
                "the data of step " + step + " cannot be read. The run stops before the step: parameters,"
                        + " moments and expert biases are as before it. " + missing.reasons());
    }

    static NonFiniteException nonFinite(long step, StepOutcome.NonFinite broken) {
        return new NonFiniteException(String.format(Locale.ROOT,
                "step %d: loss %s, gradient norm %s. The run stops before the optimizer: parameters, moments and expert"
                        + " biases are as before the step. First values that are not finite: %s. Look at the data of"
                        + " this step, or use a lower optimizer.lr, more lr_scheduler.warmup_steps, or a smaller"
                        + " training.max_norm",
                step, broken.loss(), broken.gradientNorm(), broken.where()));
    }
}
