package io.moe4j.app.cli;

import io.moe4j.metrics.prometheus.MetricsServer;
import io.moe4j.trainer.config.MetricsConfig;
import io.moe4j.trainer.run.SaveResult;
import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.ValidationResult;
import io.moe4j.trainer.step.LayerLoad;
import java.util.Map;
import java.util.Optional;

/** Serves the figures of a run's steps to Prometheus. They are those of all ranks, in whichever process; the process of rank 0 serves them. */
final class ServedMetrics implements StepListener, AutoCloseable {
    private final Optional<MetricsServer> server;

    private ServedMetrics(Optional<MetricsServer> server) {
        this.server = server;
    }

    /** Starts to serve if the configuration asks for it; does nothing otherwise. */
    static ServedMetrics open(MetricsConfig config) {
        return new ServedMetrics(config.prometheusPort() == 0 ? Optional.empty()
                : Optional.of(MetricsServer.open(config.prometheusHost(), config.prometheusPort())));
    }

    @Override
    public void made(StepResult step) {
        server.ifPresent(to -> tell(step, to));
    }

    private static void tell(StepResult step, MetricsServer server) {
        gauge(server, "step", "The last step that was made.", step.step());
        gauge(server, "loss", "Mean cross-entropy of the labels of the last step; NaN if none counted.", step.loss());
        gauge(server, "grad_norm", "Norm of all gradients of the last step, before clipping.", step.gradientNorm());
        gauge(server, "learning_rate", "Learning rate of the last step.", step.learningRate());
        gauge(server, "step_seconds", "Time of the last step.", step.seconds());
        gauge(server, "data_seconds", "The longest that a rank waited for data in the last step.", step.dataSeconds());
        gauge(server, "tokens_per_second", "Tokens a second in the last step, all ranks together.",
                step.tokensPerSecond());
        gauge(server, "flops_per_second", "Model FLOPs a second in the last step, all ranks together.", step.flops());
        gauge(server, "mfu", "Part of the devices' peak rate that was used in the last step, 0 to 1.",
                step.utilisation());
        gauge(server, "memory_bytes", "Bytes that are allocated on the fullest device.", step.memoryBytes());
        gauge(server, "received_rows_max", "The most rows that a rank received in one exchange of the last step.",
                step.receivedRowsMax());
        gauge(server, "receive_capacity_rows", "Rows that a rank can receive in one exchange.",
                step.receiveCapacityRows());
        gauge(server, "tokens_trained", "Tokens since the first step of the run.", step.tokens());
        server.count("moe4j_steps", "Steps made by this process.", 1);
        server.count("moe4j_dropped_rows", "Rows that were dropped, all ranks together.", step.droppedRows());
        for (int k = 0; k < step.predictionLosses().size(); k++) {
            server.gauge("moe4j_mtp_loss",
                    "Mean cross-entropy of a module for multi-token prediction in the last step, without its factor.",
                    Map.of("module", String.valueOf(k + 1)), step.predictionLosses().get(k));
        }
        step.layers().forEach(layer -> layer(layer, server));
    }

    private static void layer(LayerLoad layer, MetricsServer server) {
        Map<String, String> label = Map.of("layer", String.valueOf(layer.layer()));
        server.gauge("moe4j_expert_entropy",
                "Entropy of the load of a layer's experts over its largest value; 1 is even.",
                label, layer.entropy());
        server.gauge("moe4j_expert_imbalance", "Tokens of a layer's fullest expert over the mean; 1 is even.", label,
                layer.imbalance());
    }

    @Override
    public void validated(ValidationResult validation) {
        server.ifPresent(
                to -> gauge(to, "validation_loss", "Mean cross-entropy of the last validation.", validation.loss()));
    }

    @Override
    public void saved(SaveResult result) {
        server.ifPresent(to -> {
            to.count("moe4j_checkpoints_saved", "Checkpoints saved by this run.", result.isSaved() ? 1 : 0);
            to.count("moe4j_checkpoints_failed", "Checkpoints that could not be saved.", result.isSaved() ? 0 : 1);
            to.count("moe4j_checkpoints_not_removed", "Times that an old checkpoint could not be removed.",
                    result.notRemoved().size());
            gauge(to, "checkpoint_held_seconds", "How long the newest checkpoint held up the steps.",
                    result.heldSeconds());
            gauge(to, "checkpoint_written_seconds", "How long the newest checkpoint was written.",
                    result.writtenSeconds());
        });
    }

    private static void gauge(MetricsServer server, String name, String help, double value) {
        server.gauge("moe4j_" + name, help, Map.of(), value);
    }

    @Override
    public void close() {
        server.ifPresent(MetricsServer::close);
    }
}
