package io.moe4j.launch;

import java.util.List;
import java.util.Optional;

/** The launch variables of one launcher, such as torchrun. */
interface Launcher {
    /** All launchers, in the order in which they are tried. */
    List<Launcher> ALL = List.of(new Kubeflow(), new Torchrun(), new OpenMpi(), new Slurm());

    /** The position of this process, if this launcher has started it. Problems are reported to {@code variables}. */
    Optional<Placement> read(Variables variables);

    /**
     * A port computed from the job's name: equal in all processes of the job, and very likely different from the ports of other jobs on the same
     * host.
     */
    static int portOf(String job) {
        return 20000 + Math.floorMod(job.hashCode(), 10000);
    }
}
