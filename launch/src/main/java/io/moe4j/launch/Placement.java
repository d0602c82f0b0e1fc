package io.moe4j.launch;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * Where a launcher has put this process.
 *
 * @param source who says so
 * @param process number of this process, from 0
 * @param processes how many there are
 * @param localProcess number of this process on its host, where it is known
 * @param ranksPerProcess how many ranks each process runs, where the launcher says so
 * @param host where process 0 runs, where it is known
 * @param port where it listens, where it is known
 * @param job what the launcher calls the job, the same in all its processes and in no other job, where it says so
 */
record Placement(String source, int process, int processes, OptionalInt localProcess, OptionalInt ranksPerProcess,
        Optional<String> host, OptionalInt port, Optional<String> job) {}
