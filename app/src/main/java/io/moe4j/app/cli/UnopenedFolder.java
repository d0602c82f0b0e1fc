package io.moe4j.app.cli;

import java.nio.file.Path;

/**
 * The folder of a run that is being opened. If the process is told to end meanwhile, as by Ctrl-C, the folder is removed: {@code outputs} lists runs, and
 * not attempts. Opening a large model takes minutes, in which people find that they meant another one.
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

    /** What runs when the process ends meanwhile. */
    Thread atExit() {
        return atExit;
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // The process is ending, and the folder is looked at.
        }
    }
}
