package io.moe4j.trainer.cli;

import io.moe4j.trainer.bench.BenchOptions;
import java.io.PrintWriter;
import java.util.Map;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;

/** Options of commands that time something; mixed in. */
final class TimingOptions {

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    @Option(names = "--warmup", description = "Runs that are not timed. Default: ${DEFAULT-VALUE}.")
    private int warmup = 5;

    @Option(names = "--iterations", description = "Runs that are timed. Default: ${DEFAULT-VALUE}.")
    private int iterations = 15;

    /** How often. */
    BenchOptions repeats() {
        return new BenchOptions(warmup, iterations);
    }

    /** Prints what came out, in the form that was asked for. */
    void print(Map<String, Object> values, String text, PrintWriter out) {
        out.print(json ? JsonMapper.shared().writeValueAsString(values) + "\n" : text);
        out.flush();
    }
}
