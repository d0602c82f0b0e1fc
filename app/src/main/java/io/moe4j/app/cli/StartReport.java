package io.moe4j.app.cli;

import io.moe4j.api.Shown;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.run.RunDescription;
import io.moe4j.trainer.session.MemoryPlan;
import io.moe4j.trainer.session.RecomputePlan;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The lines before the first step that describe the run: model, ranks, devices, memory. {@code moe4j plan} lists the memory in full, and run.json the
 * plug-ins.
 */
final class StartReport {
    private static final int PURPOSES = 3;
    /** Characters of a value: 80 columns less the name before it. */
    private static final int ROW = 69;

    private StartReport() {}

    static String of(RunDescription run, TrainerConfig config) {
        StringBuilder text = new StringBuilder();
        line(text, "model", "%s: %s parameters, %s a token", run.model(),
                Shown.number(run.figures().parameters()), Shown.number(run.figures().activeParameters()));
        run.lora()
                .ifPresent(updates -> line(text, "trained", "%s parameters of low-rank updates, %.2f%% of the model's",
                        Shown.number(updates.parameters()), 100.0 * updates.parameters() / run.figures().parameters()));
        if (run.predictionDepth() > 0) {
            line(text, "modules", "%d for multi-token prediction; their mean loss is added, times %s",
                    run.predictionDepth(), config.training().mtpLossFactor());
        }
        line(text, "ranks", "%s", ranks(run, config));
        run.devices().forEach(device -> line(text, "device", "%s", device));
        line(text, "memory", "%s", memory(run.memory()));
        run.recompute().map(RecomputePlan::lines).orElse(List.of())
                .forEach(each -> line(text, "recompute", "%s", each));
        if (run.overlaps()) {
            line(text, "overlap", "shards and rows cross links while ranks compute (training.overlap)");
        }
        return text.toString();
    }

    private static String ranks(RunDescription run, TrainerConfig config) {
        String threads = run.localRanks() != run.worldSize()
                ? run.worldSize() + ", of which " + run.localRanks() + (run.localRanks() == 1 ? " is a thread"
                        : " are threads") + " of this process"
                : run.worldSize() == 1 ? "1" : run.worldSize() + ", threads of this process";
        int experts = config.parallelism().expertParallelDegree();
        return threads + (experts == 1 ? ""
                : "; experts spread over " + experts + " (" + config.model().moeCommBackend() + ")");
    }

    /** The sum, and as many of the largest purposes as fit into a row. */
    private static String memory(MemoryPlan memory) {
        StringBuilder text = new StringBuilder(Shown.bytes(memory.totalBytes()) + " a rank");
        String separator = ": ";
        for (Map.Entry<String, Long> purpose : memory.byPurpose().entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(PURPOSES).toList()) {
            String share = separator + share(purpose, memory.totalBytes());
            if (text.length() + share.length() > ROW) {
                break;
            }
            text.append(share);
            separator = ", ";
        }
        return text.toString();
    }

    private static String share(Map.Entry<String, Long> purpose, long total) {
        return String.format(Locale.ROOT, "%s %.0f%%", purpose.getKey(), 100.0 * purpose.getValue() / total);
    }

    private static void line(StringBuilder text, String name, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-9s ", name)).append(String.format(Locale.ROOT, format, values))
                .append('\n');
    }
}
