/**
 * Operating-system matters: the ownership of files, files that are written whole, digests of their content, and a private folder for native libraries.
 * Terms: {@code docs/glossary.md}.
 */
@NullMarked
package io.moe4j.api.host;

import org.jspecify.annotations.NullMarked;
