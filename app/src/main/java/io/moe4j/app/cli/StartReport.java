package io.moe4j.app.cli;

import io.moe4j.trainer.run.RunDescription;
import io.moe4j.trainer.session.RecomputePlan;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What runs, in a few lines, before the first step. {@code moe4j plan} has the memory in full. */
final class StartReport {
    private static final int PURPOSES = 3;

    private StartReport() {}

    static String of(RunDescription run) {
        StringBuilder text = new StringBuilder();
        line(text, "model", "%s: %,d parameters, %,d active for a token", run.model(), run.figures().parameters(),
                run.figures().activeParameters());
        line(text, "ranks", run.localRanks() == run.worldSize() ? "%d, threads of this process"
                : "%d, of which %d are threads of this process", run.worldSize(), run.localRanks());
        run.devices().forEach(device -> line(text, "device", "%s", device));
        line(text, "plug-ins", "%s", run.plugins().entrySet().stream()
                .map(plugin -> plugin.getKey() + " " + plugin.getValue()).collect(Collectors.joining(", ")));
        line(text, "memory", "%.3f GiB for each rank: %s, and less for others", gib(run.memory().totalBytes()),
                run.memory().byPurpose().entrySet().stream()
                        .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                                .thenComparing(Map.Entry.comparingByKey()))
                        .limit(PURPOSES).map(purpose -> share(purpose, run.memory().totalBytes()))
                        .collect(Collectors.joining(", ")));
        run.recompute().map(RecomputePlan::lines).orElse(List.of())
                .forEach(each -> line(text, "recompute", "%s", each));
        return text.toString();
    }

    private static String share(Map.Entry<String, Long> purpose, long total) {
        return String.format(Locale.ROOT, "%s %.0f%%", purpose.getKey(), 100.0 * purpose.getValue() / total);
    }

    private static void line(StringBuilder text, String name, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-9s ", name)).append(String.format(Locale.ROOT, format, values))
                .append('\n');
    }

    private static double gib(long bytes) {
        return bytes / (double) (1L << 30);
    }
}
