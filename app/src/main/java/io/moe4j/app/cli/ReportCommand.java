package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.report.Report;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
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
        Report report = Report.of(runs);
        if (report.steps() == 0) {
            throw new InputException((runs.size() == 1 ? runs.getFirst() + " has" : "these runs have")
                    + " not recorded a step yet; report again when a step is made");
        }
        Path file = output != null ? output
                : runs.size() == 1 ? runs.getFirst().resolve(Report.FILE_NAME) : Path.of(Report.FILE_NAME);
        report.write(file);
        spec.commandLine().getOut().println(file);
        spec.commandLine().getOut().flush();
        return ExitCode.OK;
    }
}
