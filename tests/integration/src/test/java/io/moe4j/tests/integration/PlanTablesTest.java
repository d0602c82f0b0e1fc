package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.app.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The tables of docs/activation-memory.md, memory against the degree of expert parallelism, have what {@code plan} says today: some of their rows are
 * planned again, with the command that stands below the tables.
 */
class PlanTablesTest {
    private static final double GIB = 1L << 30;
    private static final Pattern NUMBER = Pattern.compile("\"([^\"]+)\"\\s*:\\s*(-?[0-9]+)");

    @ParameterizedTest
    @CsvSource({"'DeepSeek-V3, 671B', deepseek_v3_671b_minimal_async_ep, 2",
            "'DeepSeek-V3, 671B', deepseek_v3_671b_minimal_async_ep, 64",
            "16B (64 experts, deepseek_v3_16b_minimal_async_ep, 4",
            "16B (64 experts, deepseek_v3_16b_minimal_async_ep, 16"})
    void aRowOfTheTableIsThePlans(String table, String config, int degree) throws IOException {
        Map<String, Long> worst = plan(config, degree, "worst_case");
        Map<String, Long> less = plan(config, degree, "1.25");
        List<String> row = new ArrayList<>(List.of(Integer.toString(degree)));
        row.addAll(columns(worst));
        row.addAll(columns(less));
        row.add(less.get("rounds_even") + ", " + less.get("rounds_twice_the_mean") + ", " + less.get("rounds_worst"));
        assertEquals("| " + String.join(" | ", row) + " |", rowOf(table, degree),
                () -> "the row of docs/activation-memory.md; if the plan is right, correct all rows of the table");
    }

    private static String rowOf(String table, int degree) throws IOException {
        return Files.readAllLines(ProjectFiles.doc("activation-memory.md")).stream()
                .dropWhile(line -> !line.startsWith(table))
                .filter(line -> line.startsWith("| " + degree + " | ")).findFirst().orElseThrow();
    }

    /** Rows, buffers, experts, gathered, and a rank in all; the last four in GiB. */
    private static List<String> columns(Map<String, Long> plan) {
        long buffers = plan.entrySet().stream().filter(entry -> entry.getKey().startsWith("receive buffer"))
                .mapToLong(Map.Entry::getValue).sum();
        Long experts = plan.get("expert activations");
        return List.of(String.format(Locale.ROOT, "%,d", plan.get("receive_capacity_rows")), gib(buffers),
                experts == null ? "–" : gib(experts),
                gib(plan.get("gathered parameters") + plan.get("gathered gradients")), gib(plan.get("memory_bytes")));
    }

    private static String gib(long bytes) {
        return String.format(Locale.ROOT, "%.2f", bytes / GIB);
    }

    /** All numbers of a plan as JSON, by their names: those of memory by purpose too. What is sent has no name of these. */
    private static Map<String, Long> plan(String config, int degree, String capacity) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), "plan", "--json", "--config",
                config,
                "--ranks", "1024", "--training.seq_len", "4096", "--training.local_batch_size", "1",
                "--parallelism.expert_parallel_degree", Integer.toString(degree), "--moe.receive_capacity", capacity);
        assertEquals(0, code, err::toString);
        return numbers(out.toString());
    }

    private static Map<String, Long> numbers(String json) {
        Map<String, Long> numbers = new HashMap<>();
        NUMBER.matcher(json).results()
                .forEach(each -> numbers.putIfAbsent(each.group(1), Long.parseLong(each.group(2))));
        return numbers;
    }
}
