package io.moe4j.trainer.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code moe4j plugins}. */
@Command(name = "plugins",
        description = "Lists the plug-ins that were found, and those that were left out, with the reason.")
final class PluginsCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Override
    public Integer call() {
        throw new IllegalStateException(spec.qualifiedName() + " is not part of this build yet");
    }
}
