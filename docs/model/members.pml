/* SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A group and a member that is not in UDM yet. Both are pushed by workers of their own; the group may wait, or be pushed without the
 * member and be completed later. No wake-up may be lost for good.
 *
 * Each `atomic` is one transaction of PostgreSQL, one script of Redis or one push. Wrong variants: README.md.
 */

#ifndef FAULTS
#define FAULTS 3      /* a worker killed, or an enqueue that does not arrive */
#endif

mtype = { absent, ready, due, leased };

/* PostgreSQL */
bool memberOpen = true, memberInUDM;
bool groupOpen = true, groupInUDM, listed;
bool row;                 /* waits_for */
bool rowIsLate;           /* noted after the member had come: the sweep asks for members that came since */

/* Redis, the group's key */
mtype key = ready;
bool dirty;

byte faults = FAULTS;

inline enqueue() {
    if
    :: key == absent || key == due -> key = ready
    :: key == ready
    :: key == leased -> dirty = true
    fi
}

proctype Member() {
    bool wakes;
    do
    :: memberOpen ->
       if
       :: atomic { faults > 0 -> faults-- }     /* killed before the outcome; UDM gets it again */
       :: atomic {
              /* The outcome, under the lock of the member's row: in UDM from now on, and who waits for it. */
              memberOpen = false; memberInUDM = true; wakes = row;
#ifdef WRONG_WAKE
              row = false
#endif
          };
          if
          :: atomic { faults > 0 -> faults-- }  /* killed before the enqueue */
          :: atomic { if :: wakes -> enqueue() :: else fi }
          fi
       fi
    :: !memberOpen -> break
    od
}

proctype Group() {
    bool missing;
end_idle:
    do
    :: atomic { key == ready || key == due -> key = leased; dirty = false };
       if
       :: atomic { faults > 0 -> faults--; key = ready; dirty = false; goto end_idle }
       :: atomic { missing = !memberInUDM }
       fi;
       if
       :: atomic { !groupOpen && !(groupInUDM && (row || !listed)) -> goto gone }   /* nothing to do */
       :: atomic { groupOpen && missing ->
#ifdef WRONG_NOTE
              skip };
          atomic { row = true; rowIsLate = memberInUDM };
#else
              /* Notes what it waits for, under the lock of the member's row. */
              if :: !memberInUDM -> row = true :: else fi; missing = !memberInUDM };
#endif
          if
          :: atomic { missing -> skip };
             if
             :: atomic { faults > 0 -> faults--; key = ready; dirty = false; missing = false; goto end_idle }
             :: atomic { key = (dirty -> ready : due); dirty = false; missing = false; goto end_idle }   /* waits */
             :: skip   /* has waited long enough */
             fi
          :: atomic { !missing -> skip }
          fi
       :: atomic { !(groupOpen && missing) && (groupOpen || (groupInUDM && (row || !listed))) -> skip }
       fi;
       if
       :: atomic { faults > 0 -> faults--; key = ready; dirty = false; missing = false; goto end_idle }
       :: atomic {
              /* The push and its outcome: with the member if it was there. Only the group's own outcome settles the row. */
              groupOpen = false; groupInUDM = true;
              if :: !missing -> listed = true; row = false :: else fi
          }
       fi;
gone:
       if
       :: atomic { faults > 0 -> faults--; key = ready; dirty = false; missing = false }
       :: atomic { key = (dirty -> ready : absent); dirty = false; missing = false }
       fi
    od
}

proctype Sweep() {
end_looking:
    do
    :: atomic { key == absent && (groupOpen || (groupInUDM && row && memberInUDM && !rowIsLate)) -> skip };
       atomic { enqueue() }
    od
}

proctype Quiet() {
    timeout -> assert(!groupOpen && listed && !row && key == absent)
}

init { atomic { run Member(); run Group(); run Sweep(); run Quiet() } }

ltl complete { <>[] (memberInUDM && listed && !row && !groupOpen && key == absent) }
