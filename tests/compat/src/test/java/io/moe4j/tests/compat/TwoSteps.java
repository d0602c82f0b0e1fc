package io.moe4j.tests.compat;

import io.moe4j.app.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A run of two steps of a tiny model on two ranks, expert-parallel over both, by the command line.
 *
 * @param exit its exit code
 * @param err its standard error
 * @param losses the losses of its steps, as they are written in the metrics
 */
record TwoSteps(int exit, String err, List<String> losses) {
    private static final Pattern LOSS = Pattern.compile("\"loss\":\\s*([^,}]+)");

    static TwoSteps run(Path output, String backend, String... more) throws IOException {
        StringWriter err = new StringWriter();
        List<String> arguments = new ArrayList<>(List.of("train", "--config", "deepseek_v3_debugmodel_standard",
                "--output", output.toString(), "--model.from", Sources.tinyModel(), "--data.tokenizer", "bytes",
                "--model.moe_comm_backend", backend, "--ranks", "2",
                "--parallelism.data_parallel_shard_degree", "2", "--parallelism.expert_parallel_degree", "2",
                "--training.seq_len", "32", "--training.local_batch_size", "1", "--training.steps", "2",
                "--lr_scheduler.warmup_steps", "1", "--graph_capture.enable", "false"));
        arguments.addAll(List.of(more));
        int exit = Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err),
                arguments.toArray(String[]::new));
        Path metrics = output.resolve("metrics.jsonl");
        return new TwoSteps(exit, err.toString(), !Files.exists(metrics) ? List.of()
                : Files.readAllLines(metrics).stream().map(LOSS::matcher).filter(Matcher::find)
                        .map(found -> found.group(1)).toList());
    }
}
