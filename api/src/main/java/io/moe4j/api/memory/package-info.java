/** Planned memory: a two-ended stack per rank, and its scopes. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.api.memory;

import org.jspecify.annotations.NullMarked;
