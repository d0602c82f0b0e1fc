package io.moe4j.launch;

import java.util.Optional;
import java.util.OptionalInt;

/** Slurm's {@code srun}. Task 0 runs on the first host of the step's node list. */
final class Slurm implements Launcher {
    private static final String TASK = "SLURM_PROCID";
    private static final String TASKS = "SLURM_NTASKS";

    @Override
    public Optional<Placement> read(Variables variables) {
        // SLURM_NTASKS alone is set in the shell of an allocation, in which nothing has been launched yet.
        if (!variables.has(TASK)) {
            return Optional.empty();
        }
        OptionalInt process = variables.number(TASK, 0);
        String count = variables.has("SLURM_STEP_NUM_TASKS") ? "SLURM_STEP_NUM_TASKS" : TASKS;
        OptionalInt processes = variables.needed(count, 1, TASK);
        if (process.isEmpty() || processes.isEmpty()) {
            return Optional.empty();
        }
        OptionalInt port = variables.has("MASTER_PORT") ? variables.number("MASTER_PORT", 1)
                : OptionalInt.of(Launcher.portOf(variables.text("SLURM_JOB_ID").orElse("Slurm") + "."
                        + variables.text("SLURM_STEP_ID").orElse("")));
        return Optional.of(new Placement(TASK + " and " + count + " (Slurm)", process.getAsInt(),
                processes.getAsInt(), variables.number("SLURM_LOCALID", 0), OptionalInt.empty(),
                variables.text("MASTER_ADDR").or(() -> firstHost(variables)), port, job(variables)));
    }

    /** The name of the job. The step is part of the name, because a batch script may start several steps. */
    private static Optional<String> job(Variables variables) {
        return variables.text("SLURM_JOB_ID").map(id -> "Slurm " + id
                + variables.text("SLURM_STEP_ID").map(step -> "." + step).orElse("")
                + variables.text("SLURM_RESTART_COUNT").map(n -> ", restart " + n).orElse(""));
    }

    private static Optional<String> firstHost(Variables variables) {
        return variables.text("SLURM_STEP_NODELIST").or(() -> variables.text("SLURM_JOB_NODELIST"))
                .or(() -> variables.text("SLURM_NODELIST"))
                .map(list -> NodeList.isOneHost(list) ? "127.0.0.1" : NodeList.firstHost(list));
    }
}
