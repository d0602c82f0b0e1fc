package io.moe4j.app.cli;

import io.moe4j.trainer.run.RunDescription;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What runs, before the first step. */
final class StartReport {

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
        line(text, "memory", "%.3f GiB for each rank", gib(run.memory().totalBytes()));
        run.memory().byPurpose().entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .forEach(purpose -> line(text, "", "%9.3f MiB  %s", purpose.getValue() / (double) (1 << 20),
                        purpose.getKey()));
        return text.toString();
    }

    private static void line(StringBuilder text, String name, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-9s ", name)).append(String.format(Locale.ROOT, format, values))
                .append('\n');
    }

    private static double gib(long bytes) {
        return bytes / (double) (1L << 30);
    }
}
