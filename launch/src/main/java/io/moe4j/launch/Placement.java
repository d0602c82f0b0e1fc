package io.moe4j.launch;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * The position that a launcher has given to this process.
 *
 * @param source origin of these values, for people
 * @param process number of this process, from 0
 * @param processes number of processes
 * @param localProcess number of this process on its host, where it is known
 * @param ranksPerProcess number of ranks of each process, where the launcher sets it
 * @param host host of process 0, where it is known
 * @param port port at which process 0 listens, where it is known
 * @param job the launcher's name of the job, equal in all its processes and in no other job, where it gives one
 */
record Placement(String source, int process, int processes, OptionalInt localProcess, OptionalInt ranksPerProcess,
        Optional<String> host, OptionalInt port, Optional<String> job) {}
