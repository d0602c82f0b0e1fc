package io.moe4j.trainer.metrics;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.metrics.tensorboard.EventWriter;
import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.ValidationResult;
import io.moe4j.trainer.step.LayerLoad;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The steps of a run as curves for TensorBoard. A full or failing disk does not end the run: the curves lack the steps that cannot be written. */
final class TensorBoardFile implements StepListener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TensorBoardFile.class);

    private final EventWriter events;
    private boolean failing;

    private TensorBoardFile(EventWriter events) {
        this.events = events;
    }

    /**
     * Begins a file in a folder, which may have files of the run that is continued.
     *
     * @param stepsDone steps that were made before
     * @throws InputException if that fails, as on a full disk
     */
    static TensorBoardFile open(Path folder, long stepsDone) {
        try {
            return new TensorBoardFile(EventWriter.open(folder, Instant.now(), stepsDone));
        } catch (UncheckedIOException e) {
            throw Unwritable.file(folder, e);
        }
    }

    @Override
    public void made(StepResult step) {
        EventWriter.Step at = events.step(step.step(), step.time());
        if (step.labels() > 0) {
            at.scalar("train/loss", step.loss());
        }
        at.scalar("train/grad_norm", step.gradientNorm()).scalar("train/lr", step.learningRate())
                .scalar("train/tokens", step.tokens()).scalar("speed/tokens_per_second", step.tokensPerSecond())
                .scalar("speed/tflops", step.flops() / 1e12).scalar("speed/mfu", step.utilisation())
                .scalar("speed/seconds", step.seconds()).scalar("speed/data_seconds", step.dataSeconds())
                .scalar("memory/gib", step.memoryBytes() / (double) (1L << 30));
        if (step.receiveCapacityRows() > 0) {
            at.scalar("experts/received_rows_max", step.receivedRowsMax())
                    .scalar("experts/receive_capacity_rows", step.receiveCapacityRows())
                    .scalar("experts/dropped_rows", step.droppedRows());
        }
        step.routerLosses().ifPresent(losses -> at.scalar("experts/balance_loss", losses.balance())
                .scalar("experts/router_z_loss", losses.z()));
        for (int k = 0; k < step.predictionLosses().size(); k++) {
            if (Double.isFinite(step.predictionLosses().get(k))) {
                at.scalar("train/mtp_loss_" + (k + 1), step.predictionLosses().get(k));
            }
        }
        step.layers().forEach(layer -> add(at, layer));
        attempt(at::write);
    }

    private static void add(EventWriter.Step at, LayerLoad layer) {
        String name = String.format(Locale.ROOT, "/layer_%02d", layer.layer());
        at.scalar("entropy" + name, layer.entropy()).scalar("imbalance" + name, layer.imbalance());
    }

    @Override
    public void validated(ValidationResult validation) {
        if (Double.isFinite(validation.loss())) {
            attempt(events.step(validation.step(), Instant.now()).scalar("validation/loss", validation.loss())
                    .scalar("validation/perplexity", validation.perplexity())::write);
        }
    }

    @Override
    public void saving() {
        boolean before = failing;
        attempt(events::force);
        // Forcing existing bytes succeeds on a full disk, so it does not show that steps can be written again; the next write does.
        failing |= before;
    }

    private void attempt(Runnable writing) {
        try {
            writing.run();
            failing = false;
        } catch (UncheckedIOException e) {
            if (!failing) {
                failing = true;
                log.warn("{}: {}. The run goes on; its curves for TensorBoard lack these steps", e.getMessage(),
                        Shown.fileProblem(e));
            }
        }
    }

    @Override
    public void close() {
        attempt(events::close);
    }
}
