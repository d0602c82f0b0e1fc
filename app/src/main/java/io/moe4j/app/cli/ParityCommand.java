package io.moe4j.app.cli;

import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.app.parity.Parity;
import io.moe4j.app.parity.ParityReport;
import io.moe4j.trainer.plugins.Plugins;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moe4j parity}. */
@Command(name = "parity", customSynopsis = "moe4j parity FILE.safetensors [OPTION]... [--key VALUE]...",
        description = {"Compares logits, gradients and a short training run with a golden file.",
                "Runs on one rank, captured, with minimal_async_ep, unless the configuration says otherwise. "
                        + "Model, batch, optimizer and schedule are the golden's."})
final class ParityCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Mixin
    private ConfigOptions config = new ConfigOptions(NamedConfigs.PLAIN);

    @Override
    public Integer call() {
        Arguments arguments = config.arguments();
        if (arguments.others().size() != 1) {
            throw new ParameterException(spec.commandLine(), "parity takes one golden file, and was given "
                    + (arguments.others().isEmpty() ? "none" : String.join(", ", arguments.others())));
        }
        ParityReport report = new Parity(Plugins.load(common.pluginPath())).compare(
                GivenPath.of(arguments.others().getFirst()), config.nameOrFile(), arguments.overrides());
        spec.commandLine().getOut().print(report.text());
        spec.commandLine().getOut().println(report.holds() ? "parity holds" : "parity is BROKEN");
        return report.holds() ? ExitCode.OK : ExitCode.FAILED;
    }
}
