package io.moe4j.app.cli;

import java.nio.file.Path;

/**
 * The folder of a run that is being opened. If the process is ended during this, as by Ctrl-C, the folder is removed, so that {@code outputs} lists only
 * runs. Opening a large model takes minutes, in which a user may notice a mistake in the command.
 */
final class UnopenedFolder implements AutoCloseable {
    private final Thread atExit;

    private UnopenedFolder(Path folder) {
        atExit = new Thread(() -> RunFolder.discardIfUnused(folder), "removes " + folder);
    }

    /** Watches over a folder until it is closed. */
    static UnopenedFolder of(Path folder) {
        UnopenedFolder unopened = new UnopenedFolder(folder);
        Runtime.getRuntime().addShutdownHook(unopened.atExit);
        return unopened;
    }

    /** The thread that runs if the process ends before this is closed. */
    Thread atExit() {
        return atExit;
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // The process is ending, and the other thread decides about the folder.
        }
    }
}
