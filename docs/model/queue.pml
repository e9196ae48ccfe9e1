/* SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One resource, its key in Redis, its row and jobs in PostgreSQL, its object in UDM, and everything that can be interrupted.
 *
 * Each `atomic` is one script of Redis, one transaction of PostgreSQL or one request at UDM. Between any two of them a worker can be
 * killed. Time is not counted: what a clock decides (a lease is over, a due time has come) may happen at any moment from the first one at
 * which it is possible.
 *
 * A wrong variant is chosen with -D; README.md lists them.
 */

#ifndef SLOTS
#define SLOTS 3       /* slots 0 and 1 are of one process, slot 2 is of another */
#endif
#ifndef WRITES
#define WRITES 2
#endif
#ifndef FAULTS
#define FAULTS 2      /* of any kind: a worker or leader killed, Redis emptied, a lease that runs out under its holder or is given back without
                         a call, an answer that is lost */
#endif

#define NOBODY 255
#define DEAD 254      /* a holder that will never be heard of again */

mtype = { lost, rebuilding, whole };
mtype = { absent, ready, due, leased };
mtype = { forget, again, later };

/* PostgreSQL: the jobs 1 … accepted, of which 1 … done are terminal; the row in resource_sync. */
byte accepted, done;
bool held;                 /* leased_until is not null */
bool expired;              /* leased_until has passed although the holder lives */
byte holder = NOBODY;
bool current[SLOTS];       /* epoch and token of this slot are those of the row */

/* Redis */
mtype alive = whole;
byte generation;
mtype key = absent;
bool dirty;
byte owner = NOBODY;

/* UDM: the revision it holds; calls under way, and whether the read they were made upon is still true. */
byte pushed;
bool flying[SLOTS];
bool fresh[SLOTS];
bool landed[SLOTS];
byte content[SLOTS];

/* Slots */
bool acting[SLOTS];
byte given[SLOTS];         /* the generation of Redis that gave the key */

/* What may still go wrong. */
byte faults = FAULTS;
bool early;                /* the lease of a dead holder may be found not to be over yet, once */

#define isOpen (accepted > done)
#ifdef WRONG_CONFIRM
#define isOurs(s) (s < 2 && holder < 2 && holder != s)   /* "because it is ours": of the same process */
#else
#define isOurs(s) false
#endif
#define isOver(s) (!held || expired || holder == DEAD || isOurs(s))

inline enqueue() {
    if
    :: alive == lost
    :: alive != lost && key == absent -> key = ready
    :: alive != lost && key == due -> key = ready
    :: alive != lost && key == ready
    :: alive != lost && key == leased -> dirty = true
    fi
}

/* The process ends: whatever it holds nobody gives back. A call that UDM has got goes on there. */
inline die(s) {
    faults--;
    acting[s] = false;
    current[s] = false;
    if :: holder == s -> holder = DEAD; early = true :: else fi;
    if :: owner == s -> owner = DEAD :: else fi
}

proctype API() {
    do
    :: atomic { accepted < WRITES -> accepted++ };
       if
       :: atomic { enqueue() }
       :: atomic { faults > 0 -> faults-- }   /* killed after the commit, or Redis away */
       fi
    :: accepted == WRITES -> break
    od
}

proctype Slot(byte s) {
    byte goal;
    mtype next;
end_idle:
    do
    :: atomic {
           /* The lease script: overdue leases and due times first. */
           alive != lost && (key == ready || key == due || (key == leased && owner == DEAD)) ->
           key = leased; owner = s; dirty = false; given[s] = generation
       };
confirm:
       if
       :: atomic { faults > 0 -> die(s); goal = 0; next = 0; goto end_idle }
       :: atomic {
              if
              :: !isOpen -> next = forget; goto release
              :: isOpen && isOver(s) -> skip
              :: isOpen && held && holder == DEAD && early -> early = false; next = later; goto release
              :: isOpen && !isOver(s) -> next = later; goto release
              fi;
              /* I-3: whoever works under a lease that is valid is alone. */
              byte t = 0;
              do
              :: t < SLOTS -> assert(t == s || !(acting[t] && current[t] && held && !expired)); t++
              :: else -> break
              od;
              t = 0;
#ifndef WRONG_CONFIRM
              do
              :: t < SLOTS -> current[t] = false; t++
              :: else -> break
              od;
              t = 0;
#endif
              held = true; expired = false; early = false; holder = s; current[s] = true; acting[s] = true; goal = accepted
          }
       fi;
       if
       :: atomic {
              /* It stood by, and is not needed or UDM is not to be called now: given back without a call, guarded as an outcome is. */
              faults > 0 -> faults--;
              if
              :: current[s] -> held = false; expired = false; holder = NOBODY; current[s] = false
              :: else
              fi;
              acting[s] = false; next = again; goto release
          }
       :: true
       fi;
push:
       if
       :: atomic { faults > 0 -> die(s); goal = 0; next = 0; goto end_idle }
       :: atomic { !flying[s] -> fresh[s] = true; landed[s] = false }   /* reads the object, with its ETag */
       fi;
       if
       :: atomic { faults > 0 -> die(s); goal = 0; next = 0; goto end_idle }
#ifdef WRONG_CHECK
       :: true
#else
       /* The deadline by its own clock, which is never later than PostgreSQL's: looked at after the read. Whoever takes the lease after
          this look changes the ETag. */
       :: atomic { current[s] && !expired -> skip }
       :: atomic { !(current[s] && !expired) -> goto overdue }
#endif
       fi;
       if
       :: atomic { faults > 0 -> die(s); goal = 0; next = 0; goto end_idle }
       :: atomic { flying[s] = true; content[s] = goal }
       fi;
answer:
       if
       :: atomic { faults > 0 -> die(s); goal = 0; next = 0; goto end_idle }
       :: atomic { !flying[s] && landed[s] -> skip }
       :: atomic { !flying[s] && !landed[s] -> goto push }   /* 412: somebody was faster */
       :: atomic { faults > 0 -> faults--; goto unknown }   /* a timeout, a cut connection: it may land yet */
       :: atomic {
              /* Renewal after Redis was emptied: registered anew. */
              alive != lost && given[s] != generation && key != leased ->
              dirty = (key != absent); key = leased; owner = s; goto answer
          }
       fi;
       if
       :: atomic { faults > 0 -> die(s); goal = 0; next = 0; goto end_idle }
       :: atomic {
              /* The outcome's transaction, guarded by epoch and token: both are the current ones, or nothing happens. */
              if
#ifdef WRONG_OUTCOME
              :: true
#else
              :: current[s]
#endif
                  -> assert(holder == s && goal >= done);   /* I-4 */
                     done = goal; held = false; expired = false; holder = NOBODY; current[s] = false
              :: !current[s] -> skip
              fi;
              acting[s] = false; next = forget
          }
       fi;
       goto release;
unknown:
       if
       :: atomic { faults > 0 -> die(s); goal = 0; next = 0; goto end_idle }
       :: atomic {
              if
              :: current[s] -> held = false; expired = false; holder = NOBODY; current[s] = false
              :: else
              fi;
              acting[s] = false; next = later
          }
       fi;
       goto release;
overdue:
       atomic {
           /* Lost: nothing is written, nothing is said to Redis. */
           current[s] = false; acting[s] = false; goal = 0; next = 0;
           if :: holder == s -> holder = DEAD; early = true :: else fi;
           if :: owner == s -> owner = DEAD :: else fi;
           goto end_idle
       };
release:
       if
       :: atomic { faults > 0 -> die(s); goal = 0; next = 0; goto end_idle }
       :: atomic { faults > 0 -> faults--; if :: owner == s -> owner = DEAD :: else fi; goal = 0; next = 0 }
       :: atomic {
              if
              :: alive != lost && owner == s ->
                 owner = NOBODY;
                 if
                 :: next == later -> key = due
                 :: next == again || (next == forget && dirty) -> key = ready
                 :: next == forget && !dirty -> key = absent
                 fi;
                 dirty = false
              :: else
              fi;
              goal = 0; next = 0
          }
       fi
    od
}

/* UDM carries out what it was sent, some time. */
proctype UDM() {
    byte s, t;
end_waiting:
    do
    :: atomic {
           if
           :: flying[0] -> s = 0
           :: flying[1] -> s = 1
#if SLOTS > 2
           :: flying[2] -> s = 2
#endif
           fi;
           flying[s] = false;
           if
#ifdef WRONG_PUSH
           :: true
#else
           :: fresh[s]   /* If-Match */
#endif
               -> assert(content[s] >= pushed);   /* I-3: UDM never goes back to an earlier write */
                  pushed = content[s]; landed[s] = true;
                  t = 0;
                  do
                  :: t < SLOTS -> fresh[t] = false; t++
                  :: else -> break
                  od;
                  t = 0
           :: !fresh[s] -> skip
           fi;
           content[s] = 0; s = 0
       }
    od
}

proctype Leader() {
    bool found;
    byte mine;
end_leading:
    do
    :: atomic { alive != whole -> generation++; mine = generation; alive = rebuilding };
       atomic { found = isOpen };
       if
       :: atomic { faults > 0 -> faults--; found = false; mine = 0; goto end_leading }
       :: atomic { if :: found -> enqueue() :: else fi; found = false }
       fi;
       if
       :: atomic { faults > 0 -> faults--; mine = 0; goto end_leading }
       :: atomic { if :: alive == rebuilding && generation == mine -> alive = whole :: else fi; mine = 0 }
       fi
    :: atomic { isOpen && alive != lost && key == absent -> skip };   /* the sweep looks */
#ifdef WRONG_SWEEP
       skip
#else
       atomic { enqueue() }                                          /* and acts */
#endif
    od
}

/* Faults that are nobody's step. */
proctype Chaos() {
    do
    :: atomic { faults > 0 -> faults--; alive = lost; key = absent; dirty = false; owner = NOBODY }
    :: atomic { faults > 0 && held && holder < SLOTS && !expired -> faults--; expired = true }
    :: atomic { faults > 0 && key == leased && owner < SLOTS -> faults--; owner = DEAD }
    :: break
    od
}

/* When nothing more happens, everything is done. */
proctype Quiet() {
    timeout -> assert(accepted == WRITES && done == WRITES && pushed == WRITES && key == absent && !held)
}

init {
    atomic {
        run API(); run Leader(); run UDM(); run Chaos();
        run Slot(0); run Slot(1);
#if SLOTS > 2
        run Slot(2);
#endif
        run Quiet()
    }
}

/* I-5: whatever happens, in the end every accepted write is terminal, UDM holds the last one, and Redis holds nothing. */
ltl drained { <>[] (accepted == WRITES && done == WRITES && pushed == WRITES && key == absent) }
