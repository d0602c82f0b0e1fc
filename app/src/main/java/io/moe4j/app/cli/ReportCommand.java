package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.report.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code moe4j report}. */
@Command(name = "report", description = {
        "Writes a page about a run, or about several that are compared, for a browser.",
        "Loss, validation, gradient norm, learning rate, throughput, memory, load of the experts, configuration, machine."
                + " One HTML file, which loads nothing from elsewhere. A run may be under way."})
final class ReportCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    @SuppressWarnings("UnusedVariable") // picocli sets its options
    private CommonOptions common = new CommonOptions();

    @Parameters(paramLabel = "RUN", arity = "1..*", description = "Folders of runs, such as outputs/*.")
    private List<Path> runs = List.of();

    @Option(names = "--output", paramLabel = "FILE",
            description = "Where the page goes. Default: report.html in the run's folder; of several runs, report.html here.")
    private @Nullable Path output;

    @Override
    public Integer call() {
        Report report = Report.of(chosen());
        if (report.steps() == 0) {
            throw new InputException((runs.size() == 1 ? runs.getFirst() + " has" : "these runs have")
                    + " not recorded a step yet; report again when a step is made");
        }
        Path file = output != null ? output
                : runs.size() == 1 ? runs.getFirst().resolve(Report.FILE_NAME) : Path.of(Report.FILE_NAME);
        report.write(file);
        spec.commandLine().getOut().println("report    " + file + " (open it in a browser)");
        spec.commandLine().getOut().flush();
        return ExitCode.OK;
    }

    /**
     * The runs to report. {@code outputs/*} may name anything: folders that are not runs are left out with a remark, and if there are too many runs, the
     * newest are used.
     */
    private List<Path> chosen() {
        List<Path> found = runs.stream().filter(Report::isRun).toList();
        if (runs.size() == 1 && found.isEmpty() && hasRuns(runs.getFirst())) {
            throw new InputException(runs.getFirst() + " is no run, and has some; name them, such as " + runs.getFirst()
                    + "/*");
        }
        if (found.isEmpty() || runs.size() == 1) {
            return runs;
        }
        runs.stream().filter(run -> !found.contains(run))
                .forEach(run -> tell(run + " is left out: it is no folder of a run that has made a step"));
        if (found.size() <= Report.MOST_RUNS) {
            return found;
        }
        tell("of " + found.size() + " runs, the " + Report.MOST_RUNS + " that were written last are taken");
        return found.stream().sorted(Comparator.comparingLong(Report::written).reversed()).limit(Report.MOST_RUNS)
                .toList();
    }

    private static boolean hasRuns(Path folder) {
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.anyMatch(Report::isRun);
        } catch (IOException e) {
            return false;
        }
    }

    private void tell(String remark) {
        spec.commandLine().getErr().println(remark);
    }
}
