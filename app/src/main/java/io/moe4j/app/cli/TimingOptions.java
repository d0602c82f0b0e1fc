package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.app.bench.BenchOptions;
import io.moe4j.app.bench.BenchReport;
import io.moe4j.app.bench.PeerTimes;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of commands that time something, as a mixin. */
final class TimingOptions {

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    @Option(names = "--warmup", paramLabel = "N", description = "Runs that are not timed. Default: ${DEFAULT-VALUE}.")
    private int warmup = 5;

    @Option(names = "--iterations", paramLabel = "N", description = "Runs that are timed. Default: ${DEFAULT-VALUE}.")
    private int iterations = 15;

    @Option(names = "--calls", paramLabel = "N",
            description = "Calls of a part in a run, where parts are timed by themselves."
                    + " Default: ${DEFAULT-VALUE}.")
    private int calls = 10;

    @Option(names = "--peers", paramLabel = "FILE.json",
            description = "What another implementation took, as benchmarks/peers writes it.")
    private @Nullable Path peers;

    /** How often each thing is run. */
    BenchOptions repeats() {
        try {
            return new BenchOptions(warmup, iterations, calls);
        } catch (IllegalArgumentException e) {
            throw new InputException("--warmup " + warmup + ", --iterations " + iterations + ", --calls " + calls
                    + ": the first must be at least 0, the others at least 1");
        }
    }

    /** A description of the runs: {@code 2 runs to warm up, 10 timed}. */
    String told() {
        return Shown.count(warmup, "run") + " to warm up, " + iterations + " timed";
    }

    /** The peers' times, if a file was named. Read before anything is timed, so that a bad file is reported at once. */
    Optional<PeerTimes> peers() {
        return Optional.ofNullable(peers).map(PeerTimes::read);
    }

    /** Prints the results, as a table or as JSON. */
    void print(BenchReport report, PrintWriter out) {
        out.print(json ? JsonOutput.line(report.json()) + "\n" : report.text());
        out.flush();
    }
}
