package io.moe4j.trainer.metrics;

import io.moe4j.api.InputException;
import io.moe4j.api.host.FreeSpace;
import java.nio.file.Path;

/** The error of a file about the run that cannot be created at start. Once a run makes steps, a file that cannot be written does not end it. */
final class Unwritable {

    private Unwritable() {}

    static InputException file(Path file, Exception problem) {
        return new InputException(file + " cannot be written (" + FreeSpace.problem(file, problem)
                + "); see that there is room and that you may write there, or choose another folder for the run",
                problem);
    }
}
