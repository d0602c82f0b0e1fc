package io.moe4j.app.supervise;

import java.util.List;
import java.util.Map;

/**
 * A process that is to be started.
 *
 * @param ranks the ranks that run in it, ascending
 * @param command the program and its arguments
 * @param environment variables that it gets in addition to those of this process
 */
public record Child(List<Integer> ranks, List<String> command, Map<String, String> environment) {

    public Child {
        ranks = List.copyOf(ranks);
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
        if (ranks.isEmpty() || command.isEmpty()) {
            throw new IllegalArgumentException("ranks " + ranks + ", command " + command
                    + ": a process has at least one rank, and a command has at least a program");
        }
    }
}
