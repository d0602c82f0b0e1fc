package io.moe4j.trainer.metrics;

import io.moe4j.api.InputException;
import io.moe4j.api.host.FreeSpace;
import java.nio.file.Path;

/** The error of a record that cannot be begun. Where a run has made steps already, a record that cannot be written does not end it. */
final class Unwritable {

    private Unwritable() {}

    static InputException file(Path file, Exception problem) {
        return new InputException(file + " cannot be written (" + FreeSpace.problem(file, problem)
                + "); see that there is room and that you may write there, or choose another folder for the run",
                problem);
    }
}
