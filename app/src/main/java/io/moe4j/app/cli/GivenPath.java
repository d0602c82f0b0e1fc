package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads the path of an option or argument. An empty path would mean the current folder, but usually comes from a shell variable that is not set, so it is an
 * error.
 */
final class GivenPath implements ITypeConverter<Path> {

    @Override
    public Path convert(String value) {
        try {
            return of(value);
        } catch (InputException e) {
            throw new TypeConversionException(String.valueOf(e.getMessage()));
        }
    }

    /**
     * Reads a path.
     *
     * @throws InputException if it is empty, or no path
     */
    static Path of(String value) {
        if (value.isBlank()) {
            throw new InputException("\"" + value + "\" is no path; write . for the current folder");
        }
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw new InputException(
                    "\"" + Shown.of(value) + "\" is no path: " + Shown.of(e.getReason()) + "; give another one", e);
        }
    }
}
