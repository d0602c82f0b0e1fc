package io.moe4j.trainer.metrics;

import io.moe4j.api.Stability;
import io.moe4j.data.SourceProgress;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.run.SaveResult;
import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.ValidationResult;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code metrics.jsonl}: one JSON object for each step, written as soon as the step is made, and one for each validation, which follows that of its step
 * and has {@code validation_loss} instead of {@code loss}. {@code mfu} is the fraction of the devices' peak rate that was used, 0.3 for 30%. {@code
 * mtp_loss_1} and following are the losses of modules for multi-token prediction: the first predicts the token after the next one.
 * {@code checkpoint_failures} counts checkpoints that could not be saved, {@code checkpoints_not_removed} old ones that could not be removed; each is written
 * from its first failure on.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class MetricsFile implements StepListener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(MetricsFile.class);

    private final LinesFile lines;
    private int checkpointFailures;
    private int checkpointsNotRemoved;

    /**
     * Begins the file, and makes its folder if there is none. Where the lines of some steps are missing, as after a full disk and a kill, a warning says which.
     *
     * @param stepsDone steps made before, if the run continues an earlier one: the file keeps their lines
     */
    public MetricsFile(Path path, long stepsDone) {
        KeptSteps kept = new KeptSteps();
        lines = LinesFile.begin(path, stepsDone, FileOperations.disk(), kept);
        kept.missing(stepsDone).ifPresent(missing -> log.warn(
                "{} {}. They are lost, as after a full disk and a kill; curves lack them, and the run goes on with step {}",
                path, missing, stepsDone + 1));
    }

    @Override
    public void made(StepResult step) {
        add(step);
    }

    @Override
    public void validated(ValidationResult validation) {
        add(validation);
    }

    @Override
    public void saving() {
        force();
    }

    @Override
    public void saved(SaveResult result) {
        checkpointFailures = result.failures();
        checkpointsNotRemoved += result.notRemoved().size();
    }

    /** Adds a step. */
    public void add(StepResult step) {
        Map<String, @Nullable Object> line = new LinkedHashMap<>();
        line.put("step", step.step());
        line.put("loss", step.labels() == 0 ? null : step.loss());
        line.put("grad_norm", step.gradientNorm());
        line.put("lr", step.learningRate());
        line.put("time", step.time().toString());
        line.put("seconds", step.seconds());
        line.put("tokens", step.tokens());
        line.put("tokens_per_second", step.tokensPerSecond());
        line.put("flops_per_second", step.flops());
        line.put("mfu", step.utilisation());
        line.put("memory_bytes", step.memoryBytes());
        line.put("host_syncs", step.hostSyncs());
        line.put("captured", step.captured());
        line.put("received_rows_max", step.receivedRowsMax());
        line.put("receive_capacity_rows", step.receiveCapacityRows());
        line.put("dropped_rows", step.droppedRows());
        step.routerLosses().ifPresent(losses -> {
            line.put("balance_loss", finite(losses.balance()));
            line.put("router_z_loss", finite(losses.z()));
        });
        for (int k = 0; k < step.predictionLosses().size(); k++) {
            line.put("mtp_loss_" + (k + 1), finite(step.predictionLosses().get(k)));
        }
        if (step.rounds().exchanges() > 0) {
            line.put("exchanges", step.rounds().exchanges());
            line.put("exchanges_in_rounds", step.rounds().inSeveralRounds());
            line.put("rounds_max", step.rounds().most());
        }
        line.put("labels", step.labels());
        line.put("data_seconds", step.dataSeconds());
        line.put("documents", step.data().documents());
        line.put("empty_documents", step.data().emptyDocuments());
        line.put("bad_lines", step.data().badLines());
        line.put("lone_surrogates", step.data().loneSurrogates());
        line.put("invalid_bytes", step.data().invalidBytes());
        if (!step.sources().isEmpty()) {
            Map<String, Object> sources = new LinkedHashMap<>();
            for (SourceProgress source : step.sources()) {
                Map<String, Object> progress = new LinkedHashMap<>();
                progress.put("sequences", source.sequences());
                progress.put("epoch", source.epoch());
                sources.put(source.source(), progress);
            }
            line.put("sources", sources);
        }
        if (checkpointFailures > 0) {
            line.put("checkpoint_failures", checkpointFailures);
        }
        if (checkpointsNotRemoved > 0) {
            line.put("checkpoints_not_removed", checkpointsNotRemoved);
        }
        lines.add(line);
    }

    /**
     * Adds a validation. A loss that is no finite number is {@code null}, and {@code validation_problem} says why.
     *
     * @since 0.3.0
     */
    public void add(ValidationResult validation) {
        Map<String, @Nullable Object> line = new LinkedHashMap<>();
        line.put("step", validation.step());
        line.put("validation_loss", finite(validation.loss()));
        line.put("validation_perplexity", finite(validation.perplexity()));
        line.put("validation_tokens", validation.tokens());
        line.put("validation_sequences", validation.sequences());
        line.put("validation_batches", validation.batches());
        line.put("validation_seconds", validation.seconds());
        line.put("validation_dropped_rows", validation.droppedRows());
        validation.problem().ifPresent(problem -> line.put("validation_problem", problem));
        lines.add(line);
    }

    private static @Nullable Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }

    /** Makes the added lines durable, so that they survive a power cut. */
    public void force() {
        lines.force();
    }

    @Override
    public void close() {
        lines.close();
    }
}
