package io.moe4j.launch;

import java.util.Optional;
import java.util.OptionalInt;

/** torchrun, or its variables set by hand. */
final class Torchrun implements Launcher {

    @Override
    public Optional<Placement> read(Variables variables) {
        if (!variables.has("RANK") && !variables.has("WORLD_SIZE")) {
            return Optional.empty();
        }
        OptionalInt process = variables.needed("RANK", 0, "WORLD_SIZE");
        OptionalInt processes = variables.needed("WORLD_SIZE", 1, "RANK");
        OptionalInt local = variables.number("LOCAL_RANK", 0);
        OptionalInt localSize = variables.number("LOCAL_WORLD_SIZE", 1);
        if (local.isPresent() && localSize.isPresent() && local.getAsInt() >= localSize.getAsInt()) {
            variables.problem("LOCAL_RANK=" + local.getAsInt() + ", LOCAL_WORLD_SIZE=" + localSize.getAsInt()
                    + ": local ranks are numbered from 0 to LOCAL_WORLD_SIZE - 1; start with torchrun, or correct the two");
        }
        if (process.isEmpty() || processes.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Placement("RANK and WORLD_SIZE (torchrun)", process.getAsInt(), processes.getAsInt(),
                local, OptionalInt.empty(), variables.text("MASTER_ADDR"), variables.number("MASTER_PORT", 1),
                run(variables)));
    }

    /** torchrun's name of the run and number of the restart. A run without a name has the name "none". */
    static Optional<String> run(Variables variables) {
        return variables.text("TORCHELASTIC_RUN_ID").filter(id -> !id.equals("none"))
                .map(id -> "torchrun " + id + variables.text("TORCHELASTIC_RESTART_COUNT").map(n -> ", restart " + n)
                        .orElse(""));
    }
}
