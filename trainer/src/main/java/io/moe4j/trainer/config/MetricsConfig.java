package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * What a run reports, and where.
 *
 * @param logEvery steps between two step lines, at least 1; the metrics file has every step
 * @param layersEvery steps between two records of the load of each layer's experts; the first and the last step are recorded too; 0 for none
 * @param tensorboard whether event files for TensorBoard are written to the folder {@code tensorboard} of the run
 * @param report whether the page report.html about the run is written at its end
 * @param prometheusPort where metrics are served for Prometheus by the command line; 0 for none
 * @param prometheusHost name or address of the interface on which they are served
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record MetricsConfig(int logEvery, int layersEvery, boolean tensorboard, boolean report,
        int prometheusPort, String prometheusHost) {

    /** With another value of {@code logEvery}. */
    public MetricsConfig withLogEvery(int value) {
        return Components.with(this, "logEvery", value);
    }

    /**
     * With another value of {@code layersEvery}.
     *
     * @since 0.3.0
     */
    public MetricsConfig withLayersEvery(int value) {
        return Components.with(this, "layersEvery", value);
    }

    /**
     * With another value of {@code tensorboard}.
     *
     * @since 0.3.0
     */
    public MetricsConfig withTensorboard(boolean value) {
        return Components.with(this, "tensorboard", value);
    }

    /**
     * With another value of {@code report}.
     *
     * @since 0.3.0
     */
    public MetricsConfig withReport(boolean value) {
        return Components.with(this, "report", value);
    }

    /**
     * With another value of {@code prometheusPort}.
     *
     * @since 0.3.0
     */
    public MetricsConfig withPrometheusPort(int value) {
        return Components.with(this, "prometheusPort", value);
    }

    /**
     * With another value of {@code prometheusHost}.
     *
     * @since 0.3.0
     */
    public MetricsConfig withPrometheusHost(String value) {
        return Components.with(this, "prometheusHost", value);
    }
}
