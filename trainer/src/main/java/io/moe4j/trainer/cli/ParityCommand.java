package io.moe4j.trainer.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code moe4j parity}. */
@Command(name = "parity", description = "Compares a training run with a golden file.")
final class ParityCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Mixin
    private ConfigOptions config = new ConfigOptions();

    @Override
    public Integer call() {
        throw new IllegalStateException(spec.qualifiedName() + " is not part of this build yet");
    }
}
