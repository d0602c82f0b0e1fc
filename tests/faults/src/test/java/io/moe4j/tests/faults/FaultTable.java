package io.moe4j.tests.faults;

import io.moe4j.tests.faults.Verdict.Judgement;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The results of all faults, by kind. */
final class FaultTable {
    private final Map<String, Row> rows = new LinkedHashMap<>();
    private final List<String> found = new ArrayList<>();

    private static final class Row {
        private final Map<Judgement, Integer> counts = new EnumMap<>(Judgement.class);
        private long nanos;

        int count(Judgement judgement) {
            return counts.getOrDefault(judgement, 0);
        }

        int all() {
            return counts.values().stream().mapToInt(Integer::intValue).sum();
        }

        void add(Row other) {
            other.counts.forEach((judgement, count) -> counts.merge(judgement, count, Integer::sum));
            nanos += other.nanos;
        }
    }

    FaultTable(List<FaultKind> kinds) {
        kinds.forEach(kind -> rows.put(kind.name(), new Row()));
    }

    synchronized void add(int number, FaultKind kind, Verdict verdict, long nanos) {
        Row row = rows.computeIfAbsent(kind.name(), ignored -> new Row());
        row.counts.merge(verdict.judgement(), 1, Integer::sum);
        row.nanos += nanos;
        if (!verdict.isHeld()) {
            found.add(verdict.judgement() + ": fault " + number + ", " + kind.name() + ": " + verdict.injected() + ": "
                    + verdict.reason());
        }
    }

    /** One line for each fault that moe4j did not handle. */
    synchronized List<String> found() {
        return List.copyOf(found);
    }

    /** The table in Markdown. */
    synchronized String text() {
        StringBuilder text = new StringBuilder("| kind | injected | lost | wrong | unclear | seconds |\n"
                + "| --- | ---: | ---: | ---: | ---: | ---: |\n");
        Row sum = new Row();
        rows.forEach((name, row) -> {
            text.append(line(name, row));
            sum.add(row);
        });
        return text.append(line("all", sum)).toString();
    }

    private static String line(String name, Row row) {
        return String.format(Locale.ROOT, "| %s | %d | %d | %d | %d | %.1f |%n", name, row.all(),
                row.count(Judgement.LOST), row.count(Judgement.WRONG), row.count(Judgement.UNCLEAR), row.nanos / 1e9);
    }
}
