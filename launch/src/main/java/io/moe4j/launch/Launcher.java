package io.moe4j.launch;

import java.util.List;
import java.util.Optional;

/** One family of launch variables. */
interface Launcher {
    /** In the order in which they are asked. */
    List<Launcher> ALL = List.of(new Torchrun(), new Kubeflow(), new OpenMpi(), new Slurm());

    /** Where this process stands, if this launcher has started it. What is wrong is reported to {@code variables}. */
    Optional<Placement> read(Variables variables);

    /** A port that all processes of a job work out alike, and that other jobs of the same host hardly share. */
    static int portOf(String job) {
        return 20000 + Math.floorMod(job.hashCode(), 10000);
    }
}
