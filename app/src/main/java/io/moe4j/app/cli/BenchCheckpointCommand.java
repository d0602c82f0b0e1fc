package io.moe4j.app.cli;

import io.moe4j.app.bench.CheckpointBench;
import io.moe4j.trainer.config.NamedConfigs;
import picocli.CommandLine.Command;

/** {@code moe4j bench checkpoint}. */
@Command(name = "checkpoint",
        description = "Times how long saving a checkpoint of 2 GB holds up the steps of a run: written beside them, and"
                + " while they wait; by default of one rank, fp32. Checkpoints go to the temporary folder"
                + " (MOE4J_JAVA_OPTS=-Djava.io.tmpdir=DIR sets it), which needs 4 GB, and the run 8 GB of memory.")
final class BenchCheckpointCommand extends BenchSubcommand {

    BenchCheckpointCommand() {
        super(CheckpointBench::run, NamedConfigs.PLAIN, "training.seq_len=16");
    }
}
